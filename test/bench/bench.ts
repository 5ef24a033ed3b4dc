// Two benches behind one command: how fast a large capture is read, and how the effort grows with what a capture holds.
if (process.argv.includes('--growth')) await import('./growth.ts');
else await import('./speed.ts');
