import { it } from 'node:test';
import { checkOneCause } from './hosts.ts';

it('forty captures that have one cause are one finding, which names the worst first', () => checkOneCause(40, '2.04'));
