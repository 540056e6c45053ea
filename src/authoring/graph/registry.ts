/**
 * The nodes that there are: those built in, and those that a service adds. Workers have no file
 * system to look through, so nodes are discovered in modules.
 *
 *   import * as own from "./nodes";
 *   const nodes = new NodeRegistry();
 *   nodes.discover(own);
 */
import { ValidationError, WorkflowError } from "../../model/errors";
import { LIMITS } from "../../model/limits";
import { printable, shortened } from "../../model/printable";
import { ControlNode } from "./control";
import type { KnownNodes, NodeShape } from "./definition";
import { listed, quoted, suggestion } from "./faults";
import { checkedMetadata } from "./metadata";
import { type NodeMetadata, WorkflowNode } from "./node";
import { nodeShape } from "./node-shape";
import { builtIns } from "./nodes/built-in";
import type { HttpSettings } from "./nodes/http-access";

export type NodeClass = new () => WorkflowNode;

interface Registration {
	readonly nodeClass: NodeClass;
	readonly metadata: NodeMetadata;
	/** The one instance; null: each use has one of its own. */
	readonly singleton: WorkflowNode | null;
	/** Instances that are not in use. */
	readonly pool: WorkflowNode[];
	/** It keeps nothing: all places share it. */
	readonly control: ControlNode | null;
	shape: NodeShape | undefined;
}

export interface NodeSettings {
	/** Of the built-in node `http`. */
	http?: HttpSettings | undefined;
}

export class NodeRegistry implements KnownNodes {
	readonly #nodes = new Map<string, Registration>();

	/** Has the built-in nodes. */
	constructor({ http = {} }: NodeSettings = {}) {
		for (const nodeClass of builtIns(http)) this.register(nodeClass);
	}

	/**
	 * `singleton`: all places share one instance, and what it keeps. Without it an instance is used by
	 * one place at a time, and may be used by another one after it.
	 *
	 * @throws {ValidationError} for metadata that is none, and for an id that another node has.
	 */
	register(
		nodeClass: NodeClass,
		{ singleton = false }: { singleton?: boolean } = {},
	): NodeMetadata {
		const first = instanceOf(nodeClass);
		const metadata = checkedMetadata(first.metadata, nodeClass.name || "without a name");
		const { id } = metadata;
		const known = this.#nodes.get(id);
		if (known !== undefined && known.nodeClass !== nodeClass) {
			throw new ValidationError(
				`Two nodes have the id "${id}": ${known.metadata.name} (${known.nodeClass.name}) and ${metadata.name} (${nodeClass.name}). Give one of them another id.`,
				{ path: "metadata.id", node: id },
			);
		}
		this.#nodes.set(id, {
			nodeClass,
			metadata,
			singleton: singleton ? first : null,
			pool: singleton ? [] : [first],
			control: first instanceof ControlNode ? first : null,
			shape: undefined,
		});
		return metadata;
	}

	/**
	 * Registers each class of nodes that the modules export, and answers with their metadata.
	 *
	 * @throws {ValidationError} as `register`, and for what is no module.
	 */
	discover(modules: object | readonly object[]): NodeMetadata[] {
		const found = new Set<NodeClass>();
		for (const module of Array.isArray(modules) ? modules : [modules]) {
			if (typeof module !== "object" || module === null) {
				throw new ValidationError(
					`discover() expects modules, as in import * as nodes from "./nodes"; received ${shortened(printable(module))}. A Worker has no folders to look through.`,
				);
			}
			for (const exported of Object.values(module)) if (isNodeClass(exported)) found.add(exported);
		}
		return Array.from(found, (nodeClass) => this.register(nodeClass));
	}

	/**
	 * The singleton, or a new instance.
	 *
	 * @throws {WorkflowError} `NODE_NOT_FOUND`, with the nearest id that there is.
	 */
	getInstance(id: string): WorkflowNode {
		const { singleton, nodeClass } = this.#registered(id);
		return singleton ?? instanceOf(nodeClass);
	}

	/** @throws {WorkflowError} `NODE_NOT_FOUND` */
	getMetadata(id: string): NodeMetadata {
		return this.#registered(id).metadata;
	}

	listNodes(): NodeMetadata[] {
		return Array.from(this.#nodes.values(), ({ metadata }) => metadata);
	}

	/** An instance for one use; `release` gives it back when that has gone well. */
	acquire(id: string): WorkflowNode {
		const { singleton, pool, nodeClass } = this.#registered(id);
		return singleton ?? pool.pop() ?? instanceOf(nodeClass);
	}

	release(id: string, node: WorkflowNode): void {
		const { singleton, pool } = this.#registered(id);
		if (singleton === null && pool.length < LIMITS.nodePool) pool.push(node);
	}

	/** The node if it is one of the flow; null: it is a function of parameters and state. */
	control(id: string): ControlNode | null {
		return this.#registered(id).control;
	}

	get ids(): Iterable<string> {
		return this.#nodes.keys();
	}

	get(id: string): NodeShape | undefined {
		const registration = this.#nodes.get(id);
		if (registration === undefined) return undefined;
		registration.shape ??= nodeShape(this.getInstance(id));
		return registration.shape;
	}

	#registered(id: string): Registration {
		const registration = this.#nodes.get(id);
		if (registration !== undefined) return registration;
		const known = [...this.#nodes.keys()];
		throw new WorkflowError(
			"NODE_NOT_FOUND",
			`There is no node ${quoted(id)}.${suggestion(id, known)} Known: ${listed(known)}.`,
			{ node: shortened(id) },
		);
	}
}

function isNodeClass(value: unknown): value is NodeClass {
	return typeof value === "function" && value.prototype instanceof WorkflowNode;
}

function instanceOf(nodeClass: NodeClass): WorkflowNode {
	if (!isNodeClass(nodeClass)) {
		throw new ValidationError(
			`A node is a class that extends WorkflowNode; received ${shortened(printable(nodeClass))}.`,
		);
	}
	try {
		return new nodeClass();
	} catch (cause) {
		const why = cause instanceof Error ? cause.message : printable(cause);
		throw new ValidationError(
			`The node class ${nodeClass.name} cannot be made without arguments: ${why}`,
		);
	}
}
