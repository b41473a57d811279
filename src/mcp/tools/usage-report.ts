import type { UsageDimension, UsageGroup } from '@sessiontree/client';
import { z } from 'zod';
import { addUsage, NO_USAGE } from '../../model/usage.ts';
import { idOf } from '../look-up.ts';
import { quoted, shortened } from '../quote.ts';
import { defineTool, limit, sessionReference, time } from '../tool.ts';
import { usageOutput, usageText } from '../usage-text.ts';

const DIMENSIONS = [
  'MODEL',
  'DAY',
  'AGENT',
  'PROJECT',
  'USER',
  'STATUS',
  'ROOT',
] as const satisfies readonly UsageDimension[];

export const usageReport = defineTool({
  name: 'usage_report',
  title: 'Report tokens and costs',
  description:
    'Sum up what messages cost in tokens and dollars, by model, day (UTC), agent, project, user, status or tree (ROOT), in the whole store or in ' +
    'one tree. Each response counts once. The total is of all groups, also of those that are not listed.',
  input: {
    by: z
      .array(z.enum(DIMENSIONS))
      .min(1)
      .default(['MODEL'])
      .describe('One group for what is alike in all of these.'),
    within: sessionReference
      .optional()
      .describe(
        'Only this session (its id, or "key:" and its key) and all beneath it. Default: the whole store.',
      ),
    from: time.describe('Only messages of this time or later: 2026-01-31T00:00:00Z.'),
    to: time.describe('Only messages before this time.'),
    project: z.string().optional().describe('Only sessions of exactly this project.'),
    agentName: z.string().optional().describe('Only sessions of exactly this agent.'),
    limit: limit(50, 200).describe('How many groups to list: the costliest, at most 200.'),
  },
  output: {
    groups: z.array(
      z.object({
        group: z.record(z.string(), z.string().nullable()).describe('What is alike, by dimension.'),
        responseCount: z.number(),
        sessionCount: z.number(),
        usage: usageOutput,
      }),
    ),
    groupCount: z.number().describe('Of all groups, also of those that are not listed.'),
    total: usageOutput,
  },
  async run(call, { by, within, from, to, limit: max, ...filter }) {
    const scope = within === undefined ? {} : { within: await idOf(call, within) };
    const all = await call.client.usage(by, { ...scope, from, to, filter }, call.options);
    const total = all.reduce((sum, { usage }) => addUsage(sum, usage), NO_USAGE);
    const listed = costliest(all, max);
    const rest = all.length - listed.length;
    return {
      lines: [
        `${all.length === 1 ? '1 group' : `${all.length} groups`} by ${by.join(', ')}. In total: ${usageText(total)}.`,
        ...listed.map((group) => lineOf(group, by)),
        ...(rest > 0
          ? [`${rest} less costly groups are not listed: raise the limit, or narrow the report.`]
          : []),
      ],
      data: {
        groups: listed.map(({ responseCount, sessionCount, usage, ...group }) => ({
          group: Object.fromEntries(by.map((dimension) => [dimension, sharedValue(group, dimension)])),
          responseCount,
          sessionCount,
          usage,
        })),
        groupCount: all.length,
        total,
      },
    };
  },
});

/** The costliest groups, in the order of the report. */
function costliest(groups: readonly UsageGroup[], max: number): readonly UsageGroup[] {
  if (groups.length <= max) return groups;
  const tokensOf = ({ usage }: UsageGroup) => usage.inputTokens + usage.outputTokens;
  const ranked = groups.toSorted(
    (one, other) => (other.usage.costUsd ?? 0) - (one.usage.costUsd ?? 0) || tokensOf(other) - tokensOf(one),
  );
  const kept = new Set(ranked.slice(0, max));
  return groups.filter((group) => kept.has(group));
}

function lineOf(group: UsageGroup, by: readonly UsageDimension[]): string {
  const names = by.map((dimension) => {
    const value = sharedValue(group, dimension);
    return `${dimension} ${value === null ? 'none' : quoted(value)}`;
  });
  const { responseCount, sessionCount, usage } = group;
  return `- ${names.join(', ')}: responses: ${responseCount}, sessions: ${sessionCount}, ${usageText(usage)}`;
}

type Named = Pick<UsageGroup, 'agentName' | 'day' | 'model' | 'project' | 'root' | 'status' | 'userId'>;

function sharedValue(group: Named, dimension: UsageDimension): string | null {
  const value = {
    AGENT: group.agentName,
    DAY: group.day,
    MODEL: group.model,
    PROJECT: group.project,
    ROOT: group.root?.id,
    STATUS: group.status,
    USER: group.userId,
  }[dimension];
  return value ? shortened(value) : null;
}
