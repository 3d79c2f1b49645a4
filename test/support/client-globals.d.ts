/** The generated client names this type of the browser's; Node's own types have it under `RequestInit` only. */
type BodyInit = NonNullable<RequestInit['body']>;
