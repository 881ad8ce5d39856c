# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
WORKDIR /app
COPY pyproject.toml uv.lock README.md LICENSE run.py ./
# run.py takes the uv of uv.lock, checksum and all, through pip's own configuration.
RUN python run.py uv sync --frozen --no-dev --no-install-project

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin ensilinja \
 && install -d -o ensilinja -g ensilinja -m 0700 /data
WORKDIR /app
COPY --from=build /app/.venv /app/.venv
COPY ensilinja ensilinja
COPY chat chat
COPY callbacks callbacks
COPY router router
COPY queues queues
COPY triage triage
COPY core core
COPY static static
COPY config config
# Compiled here once: the container's own file system may be read-only.
RUN python -m compileall -q ensilinja chat callbacks router queues triage core
# The checkout goes before site-packages: no installed package can take the name of one of ours.
ENV PATH=/app/.venv/bin:$PATH PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 ENSILINJA_DATA_DIR=/data
USER ensilinja
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 CMD \
    ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/livez', timeout=2)"]
ENTRYPOINT ["python", "-m", "ensilinja"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8080"]
