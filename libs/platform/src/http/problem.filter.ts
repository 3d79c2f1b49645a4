import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { answerProblem } from './answer-problem.ts';

/** Turns every error of a route into an RFC 9457 problem. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    answerProblem(error, http.getRequest(), http.getResponse());
  }
}
