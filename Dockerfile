# One image for every part; the command chooses the part. glibc is needed: neither the Temporal SDK nor the npm
# package "node" has a build for Alpine. Without development dependencies, npm scripts run on the image's own Node 24.
FROM node:24.21.0-bookworm-slim

ENV NODE_ENV=production
WORKDIR /app

COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force

COPY activities ./activities
COPY workflows ./workflows
COPY src ./src

# The only folder a part writes to (the simulator's ledger); a volume on it takes over this owner.
RUN mkdir .data && chown node:node .data
USER node

# Not "npm run worker": npm keeps SIGTERM to itself, and the worker has to hear it to drain.
CMD ["node", "src/bin/run.mjs", "worker"]
