/**
 * Services that the example machines call as `ctx.plugins`, small and local: what they do outside
 * is only told. A real service would be given its own in their place (`src/index.ts`).
 */
export const plugins = {
	orders: {
		/** Orders whose id begins with `OUT-` are out of stock. */
		validate: async (orderId: string) => ({ inStock: !orderId.startsWith("OUT-"), total: 129.9 }),
		createBackorder: async (order: { orderId: string; total: number }) => ({
			backorderId: `backorder:${order.orderId}`,
			total: order.total,
		}),
	},
	shipping: {
		createShipment: async (orderId: string) => ({ trackingId: `parcel:${orderId}` }),
	},
	users: {
		create: async (user: { email: string; name: string }) => ({ id: `user:${user.email}` }),
	},
	email: {
		send: async (mail: { to: string; template: string; userId: string }) => mail.to,
		sendConfirmation: async (order: { orderId: string; total: number }) => order.orderId,
	},
	accounts: {
		setupEnterprise: async (account: { userId: string; features: string[] }) => account,
		setupStandard: async (account: { userId: string }) => account,
	},
};

declare module "../../library" {
	interface Register {
		services: { plugins: typeof plugins };
	}
}
