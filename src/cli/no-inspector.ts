// Without a listener Node opens its inspector at this signal: a port through which any local user could run code as
// this one.
process.on('SIGUSR1', () => undefined);
