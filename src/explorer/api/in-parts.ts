/** The answers about so many positions: one, or several where one would be too large for the server. */
export async function readInParts<Answer>(
  position: number,
  count: number,
  read: (position: number, count: number) => Promise<Answer>,
): Promise<Answer[]> {
  try {
    return [await read(position, count)];
  } catch (error) {
    if (!isTooLarge(error) || count === 1) throw error;
    const half = count >> 1;
    const first = await readInParts(position, half, read);
    return [...first, ...(await readInParts(position + half, count - half, read))];
  }
}

/** Whether fewer messages may be answered. */
export const isTooLarge = (error: unknown) => (error as { code?: string }).code === 'BUDGET_EXCEEDED';
