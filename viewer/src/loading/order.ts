/** The not yet loaded index nearest to `current`, in the scroll direction first; undefined at the end. */
export function nextToLoad(
  current: number,
  count: number,
  isDone: (index: number) => boolean,
  direction: 1 | -1,
): number | undefined {
  for (let distance = 0; distance < count; distance += 1) {
    for (const index of [current + distance * direction, current - distance * direction]) {
      if (index >= 0 && index < count && !isDone(index)) return index;
    }
  }
  return undefined;
}
