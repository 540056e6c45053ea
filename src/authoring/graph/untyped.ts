/** What the compiler cannot know: the state and the parameters of a definition, which is text. */
// biome-ignore lint/suspicious/noExplicitAny: nodes read fields of it without further ado
export type Untyped = any;
