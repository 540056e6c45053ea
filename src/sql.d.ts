/** Migrations are imported as text; see `rules` in wrangler.jsonc. */
declare module "*.sql" {
	const text: string;
	export default text;
}

declare module "*/migrations" {
	const config: {
		journal: { entries: { idx: number }[] };
		migrations: Record<string, string>;
	};
	export default config;
}
