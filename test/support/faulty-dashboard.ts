import { showFiles } from '../../src/cli/dashboard/file-dashboard.ts';

/**
 * The dashboard with a defect: `throw` or `reject` strikes two seconds after its start. For the tests of how it leaves
 * the terminal.
 */
const [defect = '', file = ''] = process.argv.slice(2);
setTimeout(() => {
  if (defect === 'throw') throw new Error('a defect of the test');
  if (defect === 'reject') void Promise.reject(new Error('a defect of the test'));
}, 2_000);
process.exit(await showFiles([file], { verbose: 0 }));
