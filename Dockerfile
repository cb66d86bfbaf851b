# The first stage has the compilers, Python and pip that the native library is built with. The second stage has only
# what runs. Both use the same paths, because the addon contains them.

FROM node:24-bookworm-slim AS build
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates g++ git make python3 python3-pip \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/espalier/app
ENV ESPALIER_CACHE=/opt/espalier/cache

# The packages are a layer of their own, since they change less often than the sources.
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts

COPY . .
RUN node launcher/launch.mjs setup \
  && npm prune --omit=dev --ignore-scripts \
  && rm -rf dist/test

FROM node:24-bookworm-slim
COPY --from=build /opt/espalier /opt/espalier
RUN install --directory --owner=node --group=node --mode=0700 /var/lib/espalier
WORKDIR /opt/espalier/app
USER node
# Nothing outside the container reaches its loopback address. Publishing the port decides who reaches the server.
ENV NODE_ENV=production \
  ESPALIER_CACHE=/opt/espalier/cache \
  ESPALIER_HOME=/var/lib/espalier \
  ESPALIER_HOST=0.0.0.0 \
  ESPALIER_PORT=4000
VOLUME /var/lib/espalier
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:4000/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/src/cli/main.js", "serve"]
