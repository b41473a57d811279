type Theme = 'light' | 'dark';

const KEY = 'sessiontree-theme';

/** The theme that the person chose here, or else the one of the system. */
function theme(): Theme {
  const chosen = localStorage.getItem(KEY);
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

/** Shows the theme, now and whenever the system's changes. */
export function applyTheme(): void {
  const apply = () => {
    document.documentElement.dataset.theme = theme();
  };
  apply();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', apply);
}

export function toggleTheme(): void {
  localStorage.setItem(KEY, theme() === 'dark' ? 'light' : 'dark');
  document.documentElement.dataset.theme = theme();
}
