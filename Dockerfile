# syntax=docker/dockerfile:1
FROM python:3.11-slim AS build
# The CPU build of torch is a tenth of the default one: name it where your package index has it, for example with
# --build-arg TORCH="torch==2.13.0+cpu".
ARG TORCH="torch==2.13.0"
WORKDIR /src
RUN python -m venv /opt/fingerpost
ENV PATH=/opt/fingerpost/bin:$PATH
RUN pip install --no-cache-dir ${TORCH}
COPY pyproject.toml constraints.txt README.md ./
COPY personas personas
COPY embeddings embeddings
COPY training training
COPY service service
RUN pip install --no-cache-dir --constraint constraints.txt .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /data fingerpost && install -d -o fingerpost /data
COPY --from=build /opt/fingerpost /opt/fingerpost
ENV PATH=/opt/fingerpost/bin:$PATH PYTHONUNBUFFERED=1
USER fingerpost
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD \
    ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/health/ready', timeout=2)"]
ENTRYPOINT ["fingerpost"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8080", "--data-dir", "/data"]
