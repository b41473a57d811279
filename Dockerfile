# Sessiontree as a container. docs/deployment.md says how to run it; deploy/compose.yaml does.

FROM node:24-slim AS build
WORKDIR /build
# No package runs a script when it is installed: the only one that has a script is the Node.js of the tests.
COPY package.json package-lock.json .npmrc ./
COPY packages/client/package.json packages/client/
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build
# Only the dependencies of the server stay.
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-slim
COPY --from=build /build/package.json /build/schema.graphql /build/LICENSE /app/
COPY --from=build /build/node_modules /app/node_modules
COPY --from=build /build/packages/client/package.json /app/packages/client/
COPY --from=build /build/packages/client/dist /app/packages/client/dist
COPY --from=build /build/dist /app/dist
RUN ln -s /app/dist/bin.js /usr/local/bin/sessiontree && chmod +x /app/dist/bin.js \
    && mkdir /data && chown node:node /data && chmod 700 /data

# Everything but /data may be read-only.
ENV NODE_ENV=production \
    NODE_DISABLE_COMPILE_CACHE=1 \
    SESSIONTREE_DATA=/data \
    SESSIONTREE_HOST=0.0.0.0 \
    SESSIONTREE_PORT=4000 \
    SESSIONTREE_AUTH=token
USER node
WORKDIR /data
VOLUME /data
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
    CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.SESSIONTREE_PORT}/health`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["sessiontree"]
CMD ["serve"]
