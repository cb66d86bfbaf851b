# The first stage has the compilers, Python and pip that the native library is made with; the second
# has what runs and nothing else. Both use the same paths, which the built addon remembers.

FROM node:24-bookworm-slim AS build
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates g++ git make python3 python3-pip \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/espalier/app
ENV ESPALIER_CACHE=/opt/espalier/cache

# Packages change less often than the sources, so that they are a layer of their own.
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
# Inside a container loopback reaches nobody; which machines may come is decided where the port is published.
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
