# In place of the official image: the same account, path and command, with Debian's Redis 7.
FROM debian-stand-in
RUN groupadd --system --gid 999 redis && useradd --system --uid 999 --gid redis redis && \
    install -d -o redis -g redis /data
RUN apt-get update && apt-get install -y --no-install-recommends redis-server
WORKDIR /data
VOLUME /data
EXPOSE 6379
CMD ["redis-server"]
