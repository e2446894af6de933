# One image for all processes: `web`, `worker`, `beat`, `migrate` (compose.yaml shows each).
FROM python:3.11-slim-bookworm

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    MODELWARRANT_HOME=/var/lib/modelwarrant

RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/*

RUN useradd --uid 10001 --home-dir /var/lib/modelwarrant --create-home --shell /usr/sbin/nologin modelwarrant \
    && install --directory --owner modelwarrant --mode 0700 \
        /var/lib/modelwarrant/keys /var/lib/modelwarrant/signer

WORKDIR /srv/modelwarrant
COPY requirements/runtime.txt requirements/
RUN pip install --require-hashes --requirement requirements/runtime.txt

COPY . .
# the host name and key serve collectstatic alone: a name beyond this machine chooses hashed file names
RUN pip install --no-deps --no-build-isolation . \
    && MODELWARRANT_HOME=/tmp/build ALLOWED_HOSTS=image.invalid \
        SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
        python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf /tmp/build

USER modelwarrant
VOLUME /var/lib/modelwarrant
EXPOSE 8000
ENTRYPOINT ["python", "manage.py"]
CMD ["process", "web"]
