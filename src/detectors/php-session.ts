import type { Step } from './finding.ts';

/** The file in which PHP keeps a session. */
export const SESSION_FILE = /\/sess_[A-Za-z0-9,-]+$/;

/** What ends the queue at such a file. */
export const CLOSE_THE_SESSION: Step = {
  text:
    'PHP holds the file of a session from session_start() to the end of the request: call session_write_close() once ' +
    'the session was read and changed, or start it with read_and_close.',
  caveat: 'What is written to $_SESSION after that is lost.',
};
