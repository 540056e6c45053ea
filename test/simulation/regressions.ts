/**
 * Cases that once failed, as `npm run simulate` printed them, by what was wrong. They are run for
 * ever; a plan that they hold must go on to be understood.
 */
export const REGRESSIONS: Record<string, string> = {
	"lost passes were not counted anew after a timer had been recorded":
		'{"plan":{"op":"seq","of":[{"op":"seq","of":[{"op":"all","of":[{"op":"do","hangs":1,"fails":1,"fatal":false,"turns":0,"workMs":0,"timeoutMs":1,"limit":5,"delayMs":0},{"op":"seq","of":[{"op":"sleep","ms":1000},{"op":"do","hangs":1,"fails":0,"fatal":false,"turns":0,"workMs":0,"timeoutMs":1000,"limit":5,"delayMs":0}],"fails":false}]},{"op":"do","hangs":0,"fails":0,"fatal":false,"turns":0,"workMs":0,"timeoutMs":null,"limit":5,"delayMs":0}],"fails":true}],"fails":false},"happenings":[{"do":"trap","at":"call","times":1,"tasks":0},{"do":"crash","who":"instance","tasks":0},{"do":"event","name":"a","tasks":2},{"do":"alarm","how":"early","tasks":0},{"do":"trap","at":"call","times":1,"tasks":1},{"do":"next","tasks":2},{"do":"crash","who":"instance","tasks":0},{"do":"trap","at":"call","times":1,"tasks":0},{"do":"pass","ms":5000,"tasks":4}],"order":64594996,"lateCommits":false,"hasDeadline":false}',
};
