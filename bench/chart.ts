import { readFileSync, writeFileSync } from 'node:fs';
import { CONTENDERS, type ContenderName, LABELS } from './compare/contender-name.ts';
import { type CaseResult, medianOf, type Results, speedOf } from './compare/results.ts';
import { quantity } from './report.ts';

const WIDTH = 860;
const MARGIN = 24;
const BARS = { left: 170, right: 700, height: 14, step: 19 };
const HEAD = 86;
const TITLE = 30;
const GAP = 12;
const FOOT = 34;

/** The background of a text, so that the axis lines do not cross it. */
const HALO = 'stroke="#ffffff" stroke-width="4" paint-order="stroke"';

const COLORS: { readonly [name in ContenderName]: string } = {
  sessiontree: '#1f6feb',
  floor: '#57606a',
  'stock-yoga': '#b6bec9',
  mercurius: '#b6bec9',
  opencode: '#b6bec9',
  langgraph: '#b6bec9',
};

interface Bar {
  readonly name: ContenderName;
  readonly value: string;
  /** Relative to the floor's. */
  readonly speed: number;
}

interface Group {
  readonly title: string;
  readonly bars: readonly Bar[];
}

/** The results as an SVG: a group per case; the length of a bar is the logarithm of the speed relative to the floor. */
export function chart(results: Results): string {
  const groups = results.cases.map(groupOf).filter(({ bars }) => bars.length > 1);
  const slowest = Math.min(0.1, ...groups.flatMap(({ bars }) => bars.map(({ speed }) => speed)));
  const decades = Math.ceil(-Math.log10(slowest));
  const x = (speed: number) => {
    const share = 1 + Math.log10(speed) / decades;
    return BARS.left + (BARS.right - BARS.left) * Math.max(0, share);
  };
  let y = HEAD;
  const drawn = groups.map((group) => {
    const text = drawGroup(group, y, x);
    y += heightOf(group);
    return text;
  });
  const bottom = y - GAP;
  const height = bottom + FOOT;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="Helvetica, Arial, sans-serif" font-size="12" fill="#1f2328" role="img" aria-label="Speed of Sessiontree and its peers as a share of the floor's">
<rect width="${WIDTH}" height="${height}" rx="8" fill="#ffffff"/>
<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="8" fill="none" stroke="#d0d7de"/>
<text x="${MARGIN}" y="32" font-size="17" font-weight="bold">Speed against the floor (logarithmic: each line is ten times the one before)</text>
<text x="${MARGIN}" y="51" fill="#57606a">The floor is a bare node:http server that only parses the body, writes durably and sends the ready result. Longer is faster.</text>
${axis(decades, x, bottom)}
${drawn.join('\n')}
<text x="${MARGIN}" y="${height - 14}" fill="#57606a" font-size="11">${escapeXml(footOf(results))}</text>
</svg>
`;
}

function groupOf(result: CaseResult): Group {
  const bars = CONTENDERS.flatMap((name) => {
    const [median, speed] = [medianOf(result, name), speedOf(result, name, 'floor')];
    if (median === null || speed === null) return [];
    const ratio = result.unit === '/s' ? percent(speed) : `${times(1 / speed)} × its time`;
    return [
      { name, speed, value: `${quantity(median, result.unit)}${name === 'floor' ? '' : `, ${ratio}`}` },
    ];
  });
  return { title: `${result.id}. ${result.title.replaceAll('`', '')}`, bars };
}

function percent(speed: number): string {
  return `${speed < 0.1 ? (speed * 100).toPrecision(1) : Math.round(speed * 100)}%`;
}

function times(ratio: number): string {
  return ratio >= 10 ? Math.round(ratio).toLocaleString('en') : ratio.toFixed(1);
}

function heightOf({ bars }: Group): number {
  return TITLE + bars.length * BARS.step + GAP;
}

function drawGroup({ title, bars }: Group, top: number, x: (speed: number) => number): string {
  const lines = [
    `<text x="${MARGIN}" y="${top + 18}" font-size="13" font-weight="bold" ${HALO}>${escapeXml(title)}</text>`,
  ];
  for (const [n, { name, speed, value }] of bars.entries()) {
    const y = top + TITLE + n * BARS.step;
    const base = y + BARS.height - 3;
    const end = x(speed);
    const weight = name === 'sessiontree' ? ' font-weight="bold"' : '';
    lines.push(
      `<text x="${BARS.left - 8}" y="${base}" text-anchor="end"${weight}>${LABELS[name]}</text>`,
      `<rect x="${BARS.left}" y="${y}" width="${Math.max(1, end - BARS.left).toFixed(1)}" height="${BARS.height}" fill="${COLORS[name]}"/>`,
      `<text x="${(end + 6).toFixed(1)}" y="${base}"${weight} ${HALO}>${value}</text>`,
    );
  }
  return lines.join('\n');
}

function axis(decades: number, x: (speed: number) => number, bottom: number): string {
  return Array.from({ length: decades + 1 }, (_, n) => {
    const at = x(10 ** -n).toFixed(1);
    const label = n === 0 ? 'the floor' : `1/${(10 ** n).toLocaleString('en')}`;
    return (
      `<line x1="${at}" x2="${at}" y1="${HEAD - 8}" y2="${bottom}" stroke="#d8dee4"/>` +
      `<text x="${at}" y="${HEAD - 13}" text-anchor="middle" fill="#57606a" font-size="11">${label}</text>`
    );
  }).join('\n');
}

function footOf({ machine, size, date }: Results): string {
  return `${date.slice(0, 10)}; ${machine.replace(/, load .*/, '')}; a store of ${size.toLocaleString('en')} sessions; npm run bench`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

if (import.meta.main) {
  const [from, to] = process.argv.slice(2);
  if (from === undefined || to === undefined) {
    process.stderr.write('Expected two files: node bench/chart.ts bench/results.json bench/chart.svg\n');
    process.exitCode = 2;
  } else writeFileSync(to, chart(JSON.parse(readFileSync(from, 'utf8')) as Results));
}
