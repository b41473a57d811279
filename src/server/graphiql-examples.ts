/** Operations that GraphiQL opens with, one a tab, to be run from the first to the last. */
export const GRAPHIQL_EXAMPLES: readonly { readonly query: string }[] = [
  {
    query: `# 1. A session. Run it (Ctrl-Enter), then go on to
# the next tab. Run it again, as a client does when
# the network fails it: it changes nothing, for the
# operationId is the same.
mutation Create {
  createSession(
    input: {
      id: "example"
      title: "Plan a trip"
      userId: "ada"
      metadata: { topic: "travel" }
      operationId: "example-create"
    }
  ) {
    __typename
    ... on CreateSessionPayload {
      session {
        id
        title
        createdAt
      }
    }
    ... on Error {
      message
    }
  }
}
`,
  },
  {
    query: `# 2. An exchange: what the user said, and what the
# agent answered. Recorded whole or not at all.
mutation Send {
  sendMessage(
    input: {
      sessionId: "example"
      message: "Where to in May?"
      response: "Lisbon: warm, and not yet crowded."
      usage: { inputTokens: 12, outputTokens: 9 }
    }
  ) {
    __typename
    ... on SendMessagePayload {
      messages {
        id
        role
        content
      }
    }
    ... on Error {
      message
    }
  }
}
`,
  },
  {
    query: `# 3. A child session, for an agent that the first
# one calls. It takes its parent's user.
mutation Spawn {
  spawnSession(input: { parentId: "example", title: "Find flights" }) {
    __typename
    ... on SpawnSessionPayload {
      session {
        id
        depth
        userId
      }
      parent {
        childCount
      }
    }
    ... on Error {
      message
    }
  }
}
`,
  },
  {
    query: `# 4. The whole tree in one query, nested, each
# session with its latest messages.
query Tree {
  session(id: "example") {
    ...Node
    children {
      nodes {
        ...Node
        children {
          nodes {
            ...Node
          }
        }
      }
    }
  }
}

fragment Node on Session {
  id
  title
  messageCount
  history(last: 2) {
    nodes {
      role
      content
    }
  }
}
`,
  },
  {
    query: `# 5. The same tree, flat: of any depth, and in the
# order of an outline.
query FlatTree {
  session(id: "example") {
    id
    title
    descendants(first: 100) {
      totalCount
      nodes {
        id
        parentId
        depth
        title
      }
    }
  }
}
`,
  },
  {
    query: `# 6. A fork: a copy of the history as a child of the
# session, to try another way from there.
mutation Fork {
  forkSession(
    input: {
      sessionId: "example"
      title: "Plan another trip"
      operationId: "example-fork"
    }
  ) {
    __typename
    ... on ForkSessionPayload {
      session {
        id
        historyLength
        forkedFrom {
          sessionId
          messageId
        }
      }
    }
    ... on Error {
      message
    }
  }
}
`,
  },
  {
    query: `# 7. What the tree has come to: a session and all
# beneath it, added up, for each node.
query Rollup {
  session(id: "example") {
    ...Sums
    children {
      nodes {
        ...Sums
      }
    }
  }
}

fragment Sums on Session {
  id
  title
  rollup {
    sessionCount
    messageCount
    usage {
      inputTokens
      outputTokens
      costUsd
    }
  }
}
`,
  },
  {
    query: `# 8. Full text, in the whole tree: all words in any
# order, "a phrase", or what begins so*.
query Search {
  searchMessages(query: "lisbon warm*", within: "example") {
    isComplete
    edges {
      snippet
      node {
        id
        role
        session {
          title
        }
      }
    }
  }
}
`,
  },
];
