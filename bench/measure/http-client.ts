/** The data of the answer to a GraphQL request. Rejects if there are errors. */
export async function send<Data>(url: string, query: string, variables?: object): Promise<Data> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  return dataOf<Data>(response);
}

export async function dataOf<Data>(response: Response): Promise<Data> {
  const { data, errors } = (await response.json()) as { data: Data; errors?: { message: string }[] };
  if (errors)
    throw new Error(`Expected an answer without errors, got: ${errors.map((e) => e.message).join('; ')}`);
  return data;
}
