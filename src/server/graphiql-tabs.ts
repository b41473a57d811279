/**
 * Lets GraphiQL open its tabs where they were. It looks among the tabs that it has stored for the query that it has stored, and adds an
 * empty tab if none has it: it stores a query only when somebody types. Runs before the script of GraphiQL.
 */
export const GRAPHIQL_TABS_SCRIPT = `(() => {
  try {
    const { tabs, activeTabIndex } = JSON.parse(localStorage.getItem('graphiql:tabState'));
    for (const member of ['query', 'variables']) localStorage.setItem('graphiql:' + member, tabs[activeTabIndex][member] ?? '');
  } catch {
    // There are no tabs yet, or the browser stores nothing.
  }
})();
`;
