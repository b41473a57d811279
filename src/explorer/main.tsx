import { render } from 'preact';
import { App } from './app.tsx';
import { applyTheme } from './parts/theme.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/layout.css';
import './styles/trees.css';
import './styles/tree.css';
import './styles/transcript.css';
import './styles/search.css';
import './styles/doing.css';
import './styles/details.css';
import './styles/compare.css';
import './styles/usage.css';

applyTheme();
render(<App />, document.getElementById('app')!);
