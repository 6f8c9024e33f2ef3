# One image for every role: the web process (serve), tick, migrate. It needs one writable folder, /data.

FROM python:3.11-slim AS packages
COPY requirements/run.txt /tmp/run.txt
RUN python -m venv --without-pip /opt/clarion \
 && pip --python /opt/clarion/bin/python install --no-cache-dir --disable-pip-version-check \
        --require-hashes --only-binary :all: --requirement /tmp/run.txt \
 && /opt/clarion/bin/python -m compileall -q /opt/clarion/lib

FROM node:22-slim AS browser
WORKDIR /srv/clarion
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-progress

FROM python:3.11-slim
RUN useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin clarion \
 && install --directory --owner=10001 --group=10001 /data
COPY --from=packages /opt/clarion /opt/clarion
WORKDIR /srv/clarion
COPY app ./app
COPY channels ./channels
COPY migrations ./migrations
COPY templates ./templates
COPY LICENSE ./
COPY --from=browser /srv/clarion/node_modules ./node_modules
RUN /opt/clarion/bin/python -m compileall -q app channels migrations \
 && printf '%s\n' '#!/opt/clarion/bin/python' 'import sys' 'from app.cli import main' 'sys.exit(main())' \
        > /opt/clarion/bin/clarion \
 && chmod 0755 /opt/clarion/bin/clarion

ENV PATH=/opt/clarion/bin:$PATH \
    PYTHONPATH=/srv/clarion \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CLARION_DATABASE_URL=sqlite:////data/clarion.db \
    CLARION_PUBLISH_DIR=/data/site
USER 10001:10001
VOLUME /data
EXPOSE 8000
# SIGTERM lets calls in flight come home: give it longer than the slowest provider (docker stop --time 30).
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["clarion"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
