/**
 * Asks for a token once the server wants one, and sends it with each request from then on. GraphiQL itself can only have headers typed in,
 * and would first show the refusal of its own introspection. The token is kept for the tab, under the name that the explorer uses, too. Runs
 * before the script of GraphiQL, which takes `fetch` as it finds it.
 */
export const GRAPHIQL_TOKEN_SCRIPT = `(() => {
  const KEY = 'sessiontree.token';
  const send = fetch.bind(globalThis);
  // Milliseconds after somebody has closed the question in which it does not come back: GraphiQL tries its introspection twice.
  const REST_MS = 2_000;
  let asking = null;
  let closedAt = -REST_MS;

  function ask() {
    const { promise, resolve } = Promise.withResolvers();
    const dialog = document.createElement('dialog');
    const label = document.createElement('label');
    const input = document.createElement('input');
    const enter = document.createElement('button');
    dialog.style.cssText = 'margin: auto; padding: 1.5rem; border-radius: 8px; font: 16px system-ui, sans-serif';
    label.textContent = 'The server asks for a token: ';
    input.type = 'password';
    input.autocomplete = 'off';
    input.style.cssText = 'width: 22rem; max-width: 100%; padding: 0.3rem; font: inherit';
    enter.textContent = 'Enter';
    enter.style.cssText = 'margin-left: 0.5rem; padding: 0.3rem 0.8rem; font: inherit';
    label.append(input);
    dialog.append(label, enter);
    enter.onclick = () => dialog.close(input.value.trim());
    input.onkeydown = (event) => {
      // The editors of GraphiQL listen, too.
      event.stopPropagation();
      if (event.key === 'Enter') enter.click();
    };
    dialog.onclose = () => {
      dialog.remove();
      if (dialog.returnValue) sessionStorage.setItem(KEY, dialog.returnValue);
      else closedAt = performance.now();
      resolve(dialog.returnValue !== '');
    };
    document.body.append(dialog);
    dialog.showModal();
    return promise;
  }

  globalThis.fetch = async (input, init) => {
    const { origin, pathname } = new URL(input instanceof Request ? input.url : input, location.href);
    if (origin !== location.origin || pathname !== location.pathname) return send(input, init);
    for (;;) {
      const request = new Request(input instanceof Request ? input.clone() : input, init);
      const token = sessionStorage.getItem(KEY);
      const isOurs = !request.headers.has('authorization');
      if (isOurs && token) request.headers.set('authorization', 'Bearer ' + token);
      const response = await send(request);
      if (response.status !== 401 || !isOurs || performance.now() - closedAt < REST_MS) return response;
      // Meanwhile, another request may have asked.
      if (sessionStorage.getItem(KEY) !== token) continue;
      asking ??= ask().finally(() => {
        asking = null;
      });
      if (!(await asking)) return response;
    }
  };
})();
`;
