# The images of an installation: `api` serves, migrates and renders the gateway's file; `worker`, which
# has the codecs, works and relays. Both run as nobody in particular on a root that is read-only:
# docs/decisions/ has the reasons, docker-compose.yml starts them.
#   docker build --target api -t automator-api .
#   docker build --target worker -t automator-worker .

ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS base
ENV PATH=/opt/automator/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    AUTOMATOR_DATA=/data \
    LOG_JSON=true
WORKDIR /app
# A volume takes its owner from the folder that it lies on.
RUN groupadd --gid 10001 automator \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin automator \
    && install -d -m 0700 -o automator -g automator /data \
    && install -d -m 0755 -o automator -g automator /gateway

# Packages first: they change less often than we do. Nothing is built, and each is what its hash says.
FROM base AS packages
RUN python3 -m venv /opt/automator
COPY requirements/api.lock /requirements/
RUN pip install --no-cache-dir --no-deps --require-hashes --only-binary :all: -r /requirements/api.lock

FROM packages AS worker-packages
COPY requirements/worker.lock /requirements/
RUN pip install --no-cache-dir --no-deps --require-hashes --only-binary :all: -r /requirements/worker.lock

# Ours is put beside them as it is; what installs is not needed where things run.
FROM packages AS api-files
COPY . /app
RUN pip install --no-cache-dir --no-deps --no-build-isolation --editable . \
    && python -m compileall -q /app \
    && pip uninstall --yes pip

FROM worker-packages AS worker-files
COPY . /app
RUN pip install --no-cache-dir --no-deps --no-build-isolation --editable . \
    && python -m compileall -q /app \
    && pip uninstall --yes pip

FROM base AS worker
COPY --from=worker-files /opt/automator /opt/automator
COPY --from=worker-files /app /app
ENV METRICS_PORT=9100
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:9100/metrics', timeout=2)"]
CMD ["python", "-m", "workers", "--queues", "media,gpu,light", "--concurrency", "2"]

# Last, so that it is what a build without a target makes.
FROM base AS api
COPY --from=api-files /opt/automator /opt/automator
COPY --from=api-files /app /app
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["python", "-m", "api", "--host", "0.0.0.0", "--port", "8000"]
