import { connect, Refused, wanted } from "../src/index.js";

const automator = connect({
  baseUrl: process.env["AUTOMATOR_URL"] ?? "http://127.0.0.1:8000",
  token: process.env["AUTOMATOR_KEY"] ?? "",
});

// The newest films.
const page = wanted(
  await automator.GET("/v1/assets", { params: { query: { kind: "video", limit: 10 } } }),
);
for (const asset of page.items) {
  console.log(asset.name, asset.state);
}

// A change says what was seen, so that nobody's edit is lost.
const first = page.items[0];
if (first !== undefined) {
  const path = { asset_id: first.id };
  const seen = await automator.GET("/v1/assets/{asset_id}", { params: { path } });
  const changed = wanted(
    await automator.PATCH("/v1/assets/{asset_id}", {
      params: { path, header: { "if-match": seen.response.headers.get("etag") } },
      body: { tags: ["spring"] },
    }),
  );
  console.log("tagged", changed.tags.join(", "));
}

// A refusal is a problem, with a code for programs.
try {
  const path = { asset_id: "019cd1d3-1e80-7fbe-9593-86e0ae435e29" };
  wanted(await automator.GET("/v1/assets/{asset_id}", { params: { path } }));
} catch (error) {
  if (!(error instanceof Refused) || error.problem.code !== "not_found") throw error;
  console.log("refused", error.problem.status, error.problem.detail);
}
