import { showFiles } from '../../src/cli/dashboard/file-dashboard.ts';

/**
 * The dashboard with a defect: `throw` or `reject` strikes when SIGUSR2 comes. For the tests of how it leaves the
 * terminal.
 */
const [defect = '', file = ''] = process.argv.slice(2);
process.on('SIGUSR2', () => {
  if (defect === 'throw') throw new Error('a defect of the test');
  if (defect === 'reject') void Promise.reject(new Error('a defect of the test'));
});
process.exit(await showFiles([file], { verbose: 0 }));
