// A Restate handler of N steps that do nothing, each recorded before it is said to be done, and who calls it.
//
// `restate.mjs serve PORT` serves the handlers; `register ADMIN SERVICE` tells the server of them, as soon as both are up;
// `call INGRESS HANDLER N` prints the seconds that a call took.

const [what, ...rest] = process.argv.slice(2);

async function serve(port) {
  // The SDK is made for a later Node, which has this.
  Promise.withResolvers ??= function () {
    let resolve, reject;
    const promise = new this((yes, no) => ((resolve = yes), (reject = no)));
    return { promise, resolve, reject };
  };
  const restate = await import("@restatedev/restate-sdk");
  const steps = restate.service({
    name: "steps",
    handlers: {
      chain: async (ctx, count) => {
        let value = 0;
        for (let number = 0; number < count; number++) {
          const before = value;
          value = await ctx.run("nothing", () => before + 1);
        }
        return value;
      },
      fan: async (ctx, count) => {
        const all = Array.from({ length: count }, () => ctx.run("nothing", () => 1));
        const values = await restate.RestatePromise.all(all);
        return values.length;
      },
    },
  });
  restate.serve({ services: [steps], port });
}

async function register(admin, uri) {
  const patience = performance.now() + 60_000;
  for (;;) {
    try {
      const body = JSON.stringify({ uri });
      const headers = { "content-type": "application/json" };
      const response = await fetch(`${admin}/deployments`, { method: "POST", headers, body });
      if (response.ok) return;
      throw new Error(`${response.status} ${await response.text()}`);
    } catch (error) {
      if (performance.now() > patience) throw error;
      await new Promise((later) => setTimeout(later, 250));
    }
  }
}

async function call(ingress, handler, text) {
  const count = Number(text);
  const start = performance.now();
  const response = await fetch(`${ingress}/steps/${handler}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(count),
  });
  const answer = await response.json();
  const seconds = (performance.now() - start) / 1000;
  if (answer !== count) {
    throw new Error(`${handler}(${count}) answered ${JSON.stringify(answer)}`);
  }
  console.log(seconds);
}

const jobs = { serve: (port) => serve(Number(port)), register, call };
await jobs[what](...rest);
