# Carillon as an image: node, what it needs of the system, the service, and nothing else; no shell, no package manager.
# `npm run check:image` runs these very steps where there is no engine, so RUN takes paths relative to WORKDIR.
ARG NODE_IMAGE=node:24-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY . ./
RUN npm ci --no-audit --no-fund && npm run build

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
COPY scripts/image ./scripts/image
# Optional packages stay, but for the embedded Postgres: a replica beside others has a server's.
RUN npm ci --omit=dev --ignore-scripts --workspaces=false --no-audit --no-fund \
  && node scripts/image/prune.mjs \
  && npm sbom --workspaces=false --sbom-format cyclonedx > sbom.cdx.json

FROM ${NODE_IMAGE} AS system
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /system
COPY scripts/image/passwd etc/passwd
COPY scripts/image/group etc/group
COPY scripts/image/nsswitch.conf etc/nsswitch.conf
# node and the libraries that it names, with the word of the packages that they are from, for scanners.
RUN mkdir -p usr/local/bin var/lib/dpkg/status.d app tmp && chmod 1777 tmp \
  && cp "$(command -v node)" usr/local/bin/node \
  && ldd usr/local/bin/node | grep -o '/[^ ]*' | xargs cp --dereference --parents -t . \
  && cp --dereference /etc/os-release etc/os-release \
  && for package in libc6 libgcc-s1 libstdc++6; do dpkg-query --status "$package" > "var/lib/dpkg/status.d/$package"; done

FROM scratch
LABEL org.opencontainers.image.title="Carillon" \
  org.opencontainers.image.description="A scheduler microservice: one run for each occurrence, on time, and a ledger of what happened" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.base.name="docker.io/library/node:24-slim" \
  org.carillon.sbom="/app/sbom.cdx.json"
COPY --from=system /system /
WORKDIR /app
COPY --from=dependencies /app/package.json /app/sbom.cdx.json ./
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/web/dist ./web/dist
COPY LICENSE ./
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
USER 10001:10001
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["/usr/local/bin/node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["/usr/local/bin/node", "--enable-source-maps", "--max-semi-space-size=64", "dist/main.js"]
