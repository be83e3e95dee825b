// Runs inside ComfyUI's front end: builds a graph from the description of workflows.py and gives what
// the front end would save. Every name that does not exist is an error that lists the ones that do.
(() => {
  const TITLE = 30; // a node's position is below its title bar
  const PADDING = 16; // between a group's frame and its nodes
  const GROUP_TITLE = 34;
  const BADGE = 20; // above a drawn node's title bar, with the name of its pack
  const BYPASSED = 4; // a mode of the front end's own

  const fail = (text) => {
    throw new Error(text);
  };
  const named = (list, name, what) =>
    list.find((one) => one.name === name) ??
    fail(`${what} has no ${name}, but ${list.map((one) => one.name).join(", ")}`);

  async function until(condition, milliseconds = 10000) {
    const end = performance.now() + milliseconds;
    while (!condition() && performance.now() < end) {
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  function set(node, name, value) {
    const widget = named(node.widgets ?? [], name, node.type);
    const values = widget.options?.values;
    const allowed = typeof values === "function" ? values(widget, node) : values;
    if (Array.isArray(allowed) && !allowed.includes(value)) {
      fail(`${node.type}.${name} is ${value}, but may be ${allowed.join(", ")}`);
    }
    if (typeof value !== typeof widget.value && widget.value != null) {
      fail(`${node.type}.${name} is a ${typeof widget.value}, not ${JSON.stringify(value)}`);
    }
    widget.value = value;
    widget.callback?.(value, window.app.canvas, node, [0, 0], undefined);
  }

  function create({ type, title, widgets, color, background, collapsed, bypassed, properties }) {
    const node = window.LiteGraph.createNode(type) ?? fail(`no node type ${type}`);
    if (!window.LiteGraph.registered_node_types[type]) fail(`no node type ${type}`);
    window.app.graph.add(node);
    if (title) node.title = title;
    for (const [name, value] of Object.entries(widgets)) set(node, name, value);
    Object.assign(node.properties, properties);
    if (color) node.color = color;
    if (background) node.bgcolor = background;
    if (collapsed) node.flags.collapsed = true;
    if (bypassed) node.mode = BYPASSED;
    return node;
  }

  function connect(made, { from, output, to, input }) {
    const [source, target] = [made[from], made[to]];
    const slot = source.outputs.findIndex(
      (one, index) => index === output || one.name === output || one.label === output,
    );
    if (slot < 0) {
      const names = source.outputs.map((one) => one.label ?? one.name).join(", ");
      fail(`${source.type} has no output ${output}, but ${names}`);
    }
    named(target.inputs ?? [], input, target.type);
    const link = source.connect(slot, target, target.findInputSlot(input));
    if (!link) fail(`${source.type}.${output} does not fit ${target.type}.${input}`);
    return link;
  }

  // Leads wires through points; a point knows all the wires that go through it.
  function bend(points, links, wires) {
    const through = points.map(() => []);
    links.forEach((link, index) => {
      for (let key = link.bend; key != null; key = points[key].after) {
        through[key].push(wires[index].id);
      }
    });
    const ids = [];
    points.forEach(({ at, after }, key) => {
      if (!through[key].length) fail(`no wire goes through the bend at ${at}`);
      const before = after == null ? undefined : ids[after];
      ids.push(
        window.app.graph.setReroute({ parentId: before, pos: at, linkIds: through[key] }).id,
      );
    });
    links.forEach((link, index) => {
      if (link.bend != null) wires[index].parentId = ids[link.bend];
    });
  }

  // Columns from left to right, nodes from top to bottom; a node with a place of its own keeps it.
  function arrange(nodes, made, groupOf, [gapX, gapY]) {
    const columns = [...new Set(nodes.filter((one) => !one.at).map((one) => one.column))];
    let x = 0;
    for (const column of columns.sort((a, b) => a - b)) {
      const members = nodes.filter((one) => !one.at && one.column === column);
      let [y, width, before] = [0, 0, groupOf[members[0].key]];
      for (const { key } of members) {
        const node = made[key];
        if (groupOf[key] !== before) y += GROUP_TITLE + PADDING;
        before = groupOf[key];
        node.pos = [x, y + TITLE];
        y += (node.flags.collapsed ? 0 : node.size[1]) + TITLE + gapY;
        width = Math.max(width, node.size[0]);
      }
      x += width + gapX;
    }
    for (const { key, at } of nodes) if (at) made[key].pos = [...at];
  }

  function frame({ title, nodes, color }, made) {
    const group = new window.LiteGraph.LGraphGroup(title);
    const boxes = nodes.map((key) => {
      const { pos, size } = made[key];
      return [pos[0], pos[1] - TITLE, pos[0] + size[0], pos[1] + size[1]];
    });
    const left = Math.min(...boxes.map((box) => box[0])) - PADDING;
    const top = Math.min(...boxes.map((box) => box[1])) - GROUP_TITLE - BADGE;
    const right = Math.max(...boxes.map((box) => box[2])) + PADDING;
    const bottom = Math.max(...boxes.map((box) => box[3])) + PADDING;
    group.pos = [left, top];
    group.size = [right - left, bottom - top];
    if (color) group.color = color;
    window.app.graph.add(group);
  }

  window.__author = async ({ nodes, links, points, groups, gap }) => {
    const { app } = window;
    app.graph.clear();
    const made = {};
    for (const node of nodes) made[node.key] = create(node);
    const wires = links.map((link) => connect(made, link));
    const picture = (node) => node.widgets?.some((one) => one.name === "image" && one.value);
    await until(() => Object.values(made).every((node) => !picture(node) || node.imgs?.length), 5000);
    for (const { key, size } of nodes) {
      const node = made[key];
      const least = node.computeSize();
      const [width, height] = size ?? [Math.max(least[0], node.size[0]), least[1]];
      node.setSize([width, Math.max(height, size ? 0 : least[1])]);
    }
    const groupOf = {};
    groups.forEach((group, index) => group.nodes.forEach((key) => (groupOf[key] = index)));
    arrange(nodes, made, groupOf, gap);
    for (const group of groups) frame(group, made);
    bend(points, links, wires);
    app.graph.setDirtyCanvas(true, true);
    await until(() => false, 300);
    return JSON.parse(JSON.stringify(app.graph.serialize()));
  };
})();
