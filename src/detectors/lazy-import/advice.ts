import type { RequestImports } from '../../model/topics/loading/request-imports.ts';
import type { Step } from '../finding.ts';

/** What to do about imports on the way of a request. */
export function importAdvice({ packages, firstLine, request }: RequestImports): Step[] {
  if (/\.php[>"]/.test(firstLine.text))
    return [
      {
        text: 'Switch OPcache on, so that PHP does not read and compile its files for each request.',
        command: "php -i | grep -E '^opcache.enable '",
        needs: 'the settings of the server, not those of the command line',
      },
    ];
  const names = packages.slice(0, 3).join(', ');
  return [
    {
      text:
        `Import ${names === '' ? 'what the request needs' : names} where the application starts, not inside the ` +
        'function that needs it.',
      caveat: 'Each worker then takes that much longer to start, unless the application is preloaded before the fork.',
    },
    {
      text: `Or warm each worker up before it takes traffic, with a request such as ${request.name}.`,
      caveat: 'A worker that is replaced later (max_requests, a timeout) has to be warmed up, too.',
    },
    {
      text: 'See which imports take long.',
      command: 'python3 -X importtime -c "import NAME"',
      needs: 'Python 3.7 or later',
    },
  ];
}
