/**
 * A self-signed certificate of `localhost` and 127.0.0.1, good until 2126, for servers of tests only:
 * `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=localhost
 * -addext subjectAltName=DNS:localhost,IP:127.0.0.1`
 */
export const certificate = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUPgICW5Ns13Dha7qitLBNoE/hhf8wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjE1MzM0OFoYDzIxMjYxMDI5
MTUzMzQ4WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQGc3GJtSy1E1ULPBm1lePcjLH3nEUDbT3vDLZVA8DTAY+J7FXNy3X6
256kqlEVUWtBgFuhNRb5gd/Rjq1NT2qyo28wbTAdBgNVHQ4EFgQUIysi+J6uroxu
Ttdkm0yvdd2GzSswHwYDVR0jBBgwFoAUIysi+J6uroxuTtdkm0yvdd2GzSswDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSQAwRgIhAPo9wcFc6l0ObDE6NjB0hrwdHkuCEJf2oA3Kqgp7Y+/GAiEA
ph6eaynrImdQRqkOygSQJI+FSB3iBPNlzts3sjpVlVs=
-----END CERTIFICATE-----`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg1R6resjo9aJPYleU
sgQx+yac9YDIxoSqq47dKaZgkMyhRANCAAQGc3GJtSy1E1ULPBm1lePcjLH3nEUD
bT3vDLZVA8DTAY+J7FXNy3X6256kqlEVUWtBgFuhNRb5gd/Rjq1NT2qy
-----END PRIVATE KEY-----`,
};
