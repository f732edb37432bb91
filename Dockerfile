# One image for every role: `docker compose` names the role as the command.
FROM python:3.13.5-slim-bookworm AS build
WORKDIR /app
RUN python -m venv /venv
COPY requirements.txt requirements-topics.txt ./
# What finds topics names an encoder of its own, which brings PyTorch: the list is whole without it.
RUN /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt && \
    /venv/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements-topics.txt
COPY pyproject.toml README.md LICENSE ./
COPY crm crm
COPY stream stream
COPY collectors collectors
COPY enrich enrich
COPY index index
COPY responders responders
COPY dashboard dashboard
COPY shenava shenava
COPY benchmarks benchmarks
RUN /venv/bin/pip install --no-cache-dir --no-deps . && /venv/bin/python -m compileall -q /venv/lib

FROM python:3.13.5-slim-bookworm
RUN useradd --uid 10001 --no-create-home shenava && install -d -o shenava -g shenava -m 700 /data
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 SHENAVA_DATA=/data SHENAVA_LOG=json NUMBA_CACHE_DIR=/tmp/numba
USER shenava
VOLUME /data
WORKDIR /data
ENTRYPOINT ["shenava"]
CMD ["up", "--host", "0.0.0.0"]
EXPOSE 8050
