/**
 * The operations that GraphiQL opens with, one a tab, to be run in order. README.md and docs/trees.md have the same operations with the
 * same ids: a reader can switch between them at any step.
 *
 * A tab shows 32 lines of 50 characters in a window of 1280 by 800.
 */
export const GRAPHIQL_EXAMPLES: readonly { readonly query: string }[] = [
  {
    query: `# 1. A session. Run it (Ctrl-Enter), then go on
# to the next tab. Run again, it changes nothing:
# the operationId is the same.
mutation Create {
  createSession(input: {
    id: "trip"
    userId: "ada"
    title: "Plan a trip"
    metadata: { topic: "travel" }
    operationId: "create-trip"
  }) {
    ... on CreateSessionPayload {
      session {
        id
        rootId
        depth
        version
        createdAt
      }
    }
    ... on Error {
      message
    }
  }
}`,
  },
  {
    query: `# 2. An exchange: what the user said, and what
# the agent answered. Recorded whole or not at
# all.
mutation Send {
  sendMessage(input: {
    sessionId: "trip"
    message: "Where to in May?"
    response: "Lisbon: warm, and not yet crowded."
    usage: { inputTokens: 12, outputTokens: 9 }
    operationId: "trip-1"
  }) {
    ... on SendMessagePayload {
      messages {
        id
        role
        content
      }
      session {
        messageCount
        version
      }
    }
    ... on Error {
      message
    }
  }
}`,
  },
  {
    query: `# 3. A child session, for an agent that the first
# one calls. It takes its parent's user.
mutation Spawn {
  spawnSession(input: {
    parentId: "trip"
    id: "flights"
    title: "Find flights"
    operationId: "spawn-flights"
  }) {
    ... on SpawnSessionPayload {
      session {
        id
        parentId
        rootId
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
}`,
  },
  {
    query: `# 4. The whole tree in one query, nested, each
# session with its latest messages.
query Tree {
  session(id: "trip") {
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
  history(last: 2) {
    nodes {
      role
      content
    }
  }
}`,
  },
  {
    query: `# 5. The same tree, flat: of any depth, and in
# the order of an outline.
query FlatTree {
  session(id: "trip") {
    descendants(first: 1000) {
      totalCount
      nodes {
        id
        parentId
        depth
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}`,
  },
  {
    query: `# 6. A fork: a copy of the history as a child of
# the session, to try another way from there.
mutation Fork {
  forkSession(input: {
    sessionId: "trip"
    throughMessageId: "trip:1"
    id: "trip-b"
    title: "Another trip"
    operationId: "fork-trip"
  }) {
    ... on ForkSessionPayload {
      session {
        id
        parentId
        historyLength
        forkedFrom {
          sessionId
          messageId
          historyLength
        }
      }
    }
    ... on Error {
      message
    }
  }
}`,
  },
  {
    query: `# 7. What the tree has come to: the session and
# all beneath it, added up. Ask for it on every
# node of a tree, if you like.
query Rollup {
  session(id: "trip") {
    rollup {
      sessionCount
      messageCount
      historyLength
      maxDepth
      lastActiveAt
      usage {
        inputTokens
        outputTokens
        costUsd
      }
    }
  }
}`,
  },
  {
    query: `# 8. Full text, in the whole tree: all words in
# any order, "a phrase", or what begins so*.
query Search {
  searchMessages(
    query: "lisbon warm*"
    within: "trip"
    roles: [ASSISTANT]
    first: 10
  ) {
    isComplete
    totalCount
    edges {
      snippet
      snippetParts {
        text
        isMatch
      }
      node {
        id
        session {
          id
          title
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}`,
  },
  {
    query: `# 9. A turn of an agent in one step: the session
# is made if there is none with this key.
mutation Turn {
  writeHistory(input: {
    key: "ticket-7"
    ownerId: "ada"
    create: { title: "A ticket" }
    messages: [
      { role: USER, content: "Done?", key: "q" }
      { role: ASSISTANT, content: "No", key: "a" }
    ]
    status: WAITING
    operationId: "ticket-7/1"
  }) {
    ... on WriteHistoryPayload {
      isNew
      messages { key role content }
      session { key status version }
    }
    ... on Error { message }
  }
}`,
  },
  {
    query: `# 10. What changes in the tree, as it happens: run
# this, then write from another window.
subscription Watch {
  sessionChanges(within: "trip") {
    cursor
    isUpToDate
    changes {
      kind
      sessionId
      session {
        title
        historyLength
      }
      messages(first: 5) {
        role
        content
      }
    }
  }
}`,
  },
];
