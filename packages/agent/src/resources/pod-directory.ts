import type { PodContainer } from "./pod-list.ts";

/** Who can say what Kubernetes calls a container. */
export interface ContainerNames {
  /** Changes whenever there may be another answer. */
  readonly revision: number;
  find(containerId: string): PodContainer | undefined;
}

export interface PodDirectorySettings {
  /** Asks the kubelet. */
  readonly fetch: () => Promise<Map<string, PodContainer>>;
  /** Told once of each kind of failure that follows another outcome. */
  readonly onProblem?: (message: string) => void;
  /** Shortest time between two questions. Default 10 s. */
  readonly minimumIntervalMs?: number;
}

/**
 * The containers of this node, asked for when one turns up that is not known: a node on which nothing starts is never
 * asked twice.
 */
export class PodDirectory implements ContainerNames {
  readonly #settings: PodDirectorySettings;
  #containers: ReadonlyMap<string, PodContainer> = new Map();
  #revision = 0;
  #askedMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;
  #failure: string | undefined;

  constructor(settings: PodDirectorySettings) {
    this.#settings = settings;
  }

  get revision(): number {
    return this.#revision;
  }

  find(containerId: string): PodContainer | undefined {
    const container = this.#containers.get(containerId);
    if (container === undefined) void this.refresh();
    return container;
  }

  /** Asks, unless that was done just now; failures are told, and the answers of before stay good. */
  refresh(): Promise<void> {
    const { minimumIntervalMs = 10_000 } = this.#settings;
    if (this.#asking !== undefined) return this.#asking;
    if (performance.now() - this.#askedMs < minimumIntervalMs) return Promise.resolve();
    this.#askedMs = performance.now();
    this.#asking = this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #ask(): Promise<void> {
    try {
      this.#containers = await this.#settings.fetch();
      this.#revision += 1;
      this.#failure = undefined;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== this.#failure) this.#settings.onProblem?.(`the kubelet does not tell of its pods: ${message}`);
      this.#failure = message;
    }
  }
}
