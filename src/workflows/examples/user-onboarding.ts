/** The onboarding of a user: an account, a welcome, and a setup that the plan decides. */
import * as z from "zod";
import { workflow } from "../../library";

export const userOnboarding = workflow("user-onboarding")
	.timeout(86_400_000) // A day at most.
	.defaultRetry({ maxAttempts: 3 })
	.task("create-account", {
		// A schema is for the workflow's input.
		inputSchema: z.object({
			email: z.email(),
			name: z.string(),
			plan: z.enum(["free", "pro", "enterprise"]),
		}),
		outputSchema: z.object({ userId: z.string() }),
		handler: async (input, ctx) => {
			const user = await ctx.plugins.users.create({ email: input.email, name: input.name });
			return { userId: user.id };
		},
	})
	.task("send-welcome-email", {
		// A function makes a step's input of what came before.
		inputSchema: (prev, workflowInput) => ({
			to: workflowInput.email,
			template: "welcome" as const,
			userId: prev.userId,
		}),
		handler: async (input, ctx) => {
			await ctx.plugins.email.send(input);
			return { sent: true };
		},
	})
	.choice("check-plan", {
		choices: [{ condition: (ctx) => ctx.input.plan === "enterprise", next: "enterprise-setup" }],
		default: "standard-setup",
	})
	.task("enterprise-setup", {
		handler: async (_, ctx) => {
			const { userId } = ctx.steps["create-account"];
			const features = ["sso", "audit-logs", "dedicated-support"];
			await ctx.plugins.accounts.setupEnterprise({ userId, features });
			return { setup: "enterprise", userId };
		},
		next: "complete",
	})
	.task("standard-setup", {
		handler: async (_, ctx) => {
			const { userId } = ctx.steps["create-account"];
			await ctx.plugins.accounts.setupStandard({ userId });
			return { setup: "standard", userId };
		},
		next: "complete",
	})
	.pass("complete", {
		transform: (ctx) => ({
			userId: ctx.steps["create-account"].userId,
			plan: ctx.input.plan,
			setupComplete: true,
		}),
		end: true,
	})
	.build();
