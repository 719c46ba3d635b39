// The page's own server: every question goes there with the token of this window.

const token = document.querySelector('meta[name="page-token"]').content;

/** Ask the agent; answers {ok, ...} and never throws. */
export async function ask(path, question = {}) {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ page_token: token, ...question }),
      keepalive: path === "/v1/cancel",
    });
    const answer = await response.json();
    return { ok: response.ok, ...answer };
  } catch {
    return { ok: false, code: "agent-gone" };
  }
}
