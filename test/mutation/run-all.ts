/** Runs the test files that are named, in one process and in this order. */
for (const file of process.argv.slice(2)) await import(file);
