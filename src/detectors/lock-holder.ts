/** Lists who has which lock of a file, and who waits: of a waiter column BLOCKER has the pid of the holder. */
export const SEE_FILE_LOCKS = 'lslocks -o PID,COMMAND,TYPE,MODE,BLOCKER,PATH';
