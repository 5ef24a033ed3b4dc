/** What carries the state of trackers: places by the number of their table. Only tables look into it. */
export interface Owner {
  owned: unknown[];
}

/** What an object owns of which no tracker keeps anything: as a rule all that there ever is. Nobody writes into it. */
export const OWNS_NOTHING: unknown[] = [];
for (let place = 0; place < 8; place++) OWNS_NOTHING.push(undefined);
