import { describe, expect, it, onTestFinished } from 'vitest';
import { contained, fenced, inline, inlineCode } from '../../src/export/markdown/escape.ts';
import { markdown } from '../../src/export/markdown/markdown.ts';
import { allTops } from '../../src/export/tops.ts';
import { openFileRepository } from '../../src/repository/files/open.ts';
import { documentOf, storeWith, storeWithTree } from './tree.ts';

const SECRETS = /secret-(argument|payload|metadata|output|event)|secretPlace/;

describe('a Markdown document', () => {
  it('has the tree as a list of links, and a section for each session with its messages', async () => {
    const text = await documentOf(markdown, await storeWithTree(), { id: 'trip' });
    const [outline, trip, flights, empty] = text.split(/\n(?=<a id="[a-z]+">)/);
    expect(outline).toBe(
      '# Plan a \\*trip\\*\n\n' +
        '- [Plan a \\*trip\\*](#trip): planner, WAITING, 4 messages\n' +
        '  - [Find flights](#flights): IDLE, 2 messages\n' +
        '    - [empty](#empty): IDLE, 0 messages\n',
    );
    expect(trip).toBe(`<a id="trip"></a>

## Plan a \\*trip\\*

- Session: [trip](#trip)
- Agent: planner
- Status: WAITING: for Ada
- User: ada
- Model: model-a
- Messages: 4
- Used: 1,200 tokens in (1,000 cached), 30 out, \\$0.25
- With all beneath: 1,300 tokens in (1,000 cached), 35 out, \\$0.3
- Created: 2026-11-24 09:00:00 UTC
- Last active: 2026-11-24 09:03:00 UTC

Metadata:

\`\`\`json
{
  "secretPlace": "/home/ada"
}
\`\`\`

<a id="trip:0"></a>

### User · 2026-11-24 09:01:00 UTC

Where to in May?

<a id="trip:1"></a>

### Assistant · 2026-11-24 09:02:00 UTC

*model-a · 1,200 tokens in (1,000 cached), 30 out, \\$0.25*

> **Reasoning**
>
> Two tools.

I ask.

**Call** of \`weather\` (\`call-1\`)

\`\`\`json
{
  "place": "secret-argument"
}
\`\`\`

**Call** of \`spawn\` (\`call-2\`) → [Find flights](#flights)

Payload:

\`\`\`json
{
  "raw": "secret-payload"
}
\`\`\`

Metadata:

\`\`\`json
{
  "trace": "secret-metadata"
}
\`\`\`

<a id="trip:2"></a>

### Result of weather · 2026-11-24 09:03:00 UTC

*error*

\`\`\`
secret-output
\`\`\`

<a id="trip:3"></a>

### Event: hook · 2026-11-24 09:03:00 UTC

\`\`\`
secret-event
\`\`\`
`);
    expect(flights).toContain(
      '- Parent: [Plan a \\*trip\\*](#trip)\n- Spawned by: [call-2 in trip:1](#trip:1)\n',
    );
    expect(flights).toContain('### User · 2026-11-24 09:02:00 UTC\n\n*copy*\n\nFind flights\n');
    expect(empty).toContain('- Messages: 0\n');
  });

  it('has a place for each link, whatever a server does to the tree meanwhile', async () => {
    const repository = await openFileRepository({ directory: await storeWithTree() });
    onTestFinished(() => repository.close());
    const tops = allTops(repository);
    const source = {
      reader: repository,
      tops,
      isRedacted: false,
      onFault: (fault: string) => expect.fail(fault),
    };
    let text = '';
    let isChanged = false;
    for await (const chunk of markdown.write(source)) {
      // The outline has been written.
      if (text.includes('[empty]') && !isChanged) {
        isChanged = true;
        await repository.delete({ sessionId: 'empty', mode: 'RESTRICT' });
        await repository.create({ id: 'late', parentId: 'flights' });
        await repository.append({ sessionId: 'trip', messages: [{ role: 'USER', content: 'Late.' }] });
      }
      text += chunk;
    }
    expect(text.match(/(?<=^<a id=")[a-z]+(?=")/gm)).toEqual(['trip', 'flights', 'empty']);
    expect(text).toContain('\n## empty\n\nDeleted while this was written.\n');
    expect(text).not.toContain('late');
  });

  it('that is redacted says which tools were called, and nothing that went in or came out', async () => {
    const directory = await storeWithTree();
    expect(await documentOf(markdown, directory, { id: 'trip' })).toMatch(SECRETS);
    const text = await documentOf(markdown, directory, { id: 'trip', isRedacted: true });
    expect(text).not.toMatch(SECRETS);
    expect(text).toContain('are left out.');
    expect(text).toContain('**Call** of `weather` (`call-1`)\n\n*left out*\n');
    expect(text).toContain('### Result of weather · 2026-11-24 09:03:00 UTC\n\n*error*\n\n*left out*\n');
    expect(text).toMatch(/> Two tools\..*I ask\./s);
  });

  it('goes on after whatever a message holds', async () => {
    const text = '# Title\n```\nnever closed\n<!-- ';
    const document = await documentOf(markdown, await storeWith({ title: '](x) <b>\n# T', text }), {
      id: 'top',
    });
    expect(document.match(/^#+ .*/gm)).toEqual([
      '# \\](x) \\<b\\> \\# T',
      '## \\](x) \\<b\\> \\# T',
      expect.stringMatching(/^### Assistant · /),
      expect.stringMatching(/^### Result of a tool · /),
      // Within the block of code that is the output of a tool.
      '# Title',
      expect.stringMatching(/^### Event: \\\]\(x\) \\<b\\> \\# T · /),
      expect.stringMatching(/^### User · /),
    ]);
    expect(document).toContain('\\# Title\n```\nnever closed\n<!-- \n```\n');
    expect(document).toContain('> \\# Title\n> ```\n> never closed\n> <!-- \n> ```\n');
  });
});

describe('a text that is Markdown', () => {
  it.each([
    ['<script>x</script>', '\\<script>x\\</script>'],
    ['\\<b> and \\\\<b>', '\\<b> and \\\\\\<b>'],
    ['![pixel](https://example.org/x.png)', '!\\[pixel](https://example.org/x.png)'],
    ['`Array<string>` stays', '`Array<string>` stays'],
    ['- ` one\n- `<img onerror=x>`', '- ` one\n- `\\<img onerror=x>`'],
    ['\\`<b>`', '\\`\\<b>`'],
    ['`` ` `` <b>', '`` ` `` \\<b>'],
    ['a\n# b\n> ## c\n- ### d\n#e', 'a\n\\# b\n> \\## c\n- \\### d\n#e'],
    ['Title\n=====\nTitle\n---\n\n---', 'Title\n\\=====\nTitle\n\\---\n\n---'],
    ['```js\n<b>\n# x\n```\n<b>', '```js\n<b>\n# x\n```\n\n\\<b>'],
    ['1. one\n   ```\n   <b>\n   ```', '1. one\n```\n<b>\n```\n'],
    ['~~~\n```\n<b>', '````\n```\n<b>\n````\n'],
    ['\u0000\u001b[31m\u202ex\r\ny', '\\u0000\\u001b[31m\\u202ex\ny'],
  ])('cannot change the document: %j', (text, expected) => {
    expect(contained(text)).toBe(expected);
  });

  it('is code within a line, or in a block that it cannot end', () => {
    expect(inlineCode('a ``b` c')).toBe('```a ``b` c```');
    expect(inlineCode('`')).toBe('`` ` ``');
    expect(fenced('a\n````\nb\n', 'json')).toBe('`````json\na\n````\nb\n`````\n');
    expect(inline('[a](b) *c* `d`\n<e> $1 & \\')).toBe('\\[a\\](b) \\*c\\* \\`d\\` \\<e\\> \\$1 \\& \\\\');
  });

  it('takes no longer for texts that were made to take long', () => {
    const hostile = ['`', '\\', ' ', '> ', '**a ', '![', '~', '#', '=', '- '];
    for (const part of hostile) {
      const text = `${part.repeat(300_000 / part.length)}x`;
      expect(contained(text)).toContain('x');
    }
  });
});
