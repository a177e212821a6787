// SPDX-FileCopyrightText: monai_unet3plus contributors
// SPDX-License-Identifier: Apache-2.0
// The page that shows a CT with its mask in three planes. The part after # in its address is the number of the case.
"use strict"

const WINDOWS = { abdomen: [-160, 240], liver: [-45, 155], lung: [-1350, 150], bone: [-450, 1050] }
const element = (id) => document.getElementById(id)

const viewer = new niivue.Niivue({
  isRadiologicalConvention: true,
  sagittalNoseLeft: true,
  multiplanarShowRender: 0, // never
  crosshairColor: [1, 0.9, 0.2, 0.7],
  crosshairWidth: 1,
  crosshairWidthUnit: "fixed", // pixels of the screen
  dragAndDropEnabled: false,
  loadingText: "",
  logLevel: "error",
})
let run // what cases.json says
let position = 0 // of the case shown, in run.cases
let hidden = new Set() // organs switched off

async function start() {
  await viewer.attachToCanvas(element("canvas"))
  viewer.onLocationChange = showLocation
  run = await (await fetch("cases.json")).json()
  element("warning").textContent = run.warning
  element("warning").hidden = !run.warning
  for (const [name, range] of Object.entries(WINDOWS)) {
    element("window").add(new Option(`${name}, ${range[0]} to ${range[1]} HU`, name))
  }
  element("window").onchange = showWindow
  element("opacity").oninput = () => viewer.setOpacity(1, Number(element("opacity").value))
  element("planes").onchange = () => viewer.setSliceType(Number(element("planes").value))
  element("previous").onclick = () => step(-1)
  element("next").onclick = () => step(1)
  addEventListener("hashchange", showCase)
  addEventListener("keydown", (event) => {
    if (event.key === "n") step(1)
    if (event.key === "p") step(-1)
  })
  await showCase()
}

function step(by) {
  const next = run.cases[position + by]
  if (next) location.hash = next.number
}

async function showCase() {
  position = Math.max(0, run.cases.findIndex((one) => String(one.number) === location.hash.slice(1)))
  const shown = run.cases[position]
  element("place").textContent = run.cases.length ? `${position + 1} of ${run.cases.length}` : ""
  element("previous").disabled = position === 0
  element("next").disabled = position >= run.cases.length - 1
  document.body.dataset.state = "loading"
  while (viewer.volumes.length) viewer.removeVolumeByIndex(viewer.volumes.length - 1)
  if (!shown) return say("No case of this run has a mask.")
  element("name").textContent = document.title = shown.name
  listOrgans(shown)
  say("loading")
  let centre
  try {
    const volumes = await Promise.all(["ct", "mask"].map((kind) => load(`${kind}/${shown.number}.nii`)))
    centre = await (await fetch(`centre/${shown.number}.json`)).json()
    if (run.cases[position] !== shown) return // another case was chosen meanwhile
    for (const volume of volumes) await viewer.loadFromArrayBuffer(volume, "volume.nii")
  } catch (error) {
    return say(error.message)
  }
  showOrgans(shown)
  viewer.setOpacity(1, Number(element("opacity").value))
  showWindow()
  viewer.setSliceType(Number(element("planes").value))
  centreOn(centre)
  say("")
}

async function load(address) {
  const answer = await fetch(address)
  if (!answer.ok) throw new Error(await answer.text())
  return answer.arrayBuffer()
}

function say(text) {
  element("message").textContent = text
  if (text !== "loading") document.body.dataset.state = text ? "failed" : "shown"
}

function listOrgans(shown) {
  element("organs").replaceChildren(...shown.organs.map((organ) => {
    const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: !hidden.has(organ.name) })
    box.onchange = () => {
      if (box.checked) hidden.delete(organ.name)
      else hidden.add(organ.name)
      showOrgans(shown)
    }
    const colour = Object.assign(document.createElement("span"), { className: "colour" })
    colour.style.background = organ.colour
    const flags = Object.assign(document.createElement("span"), { className: "flag", textContent: organ.flags.join("; ") })
    const label = document.createElement("label")
    label.append(box, colour, `${organ.name} ${organ.volume} `, flags)
    return label
  }))
}

// Values of a mask are colours without interpolation; the background and organs switched off are transparent.
function showOrgans(shown) {
  const map = { R: [0], G: [0], B: [0], A: [0], I: [0], labels: [""] }
  for (const organ of shown.organs) {
    for (const [channel, at] of [["R", 1], ["G", 3], ["B", 5]]) {
      map[channel].push(parseInt(organ.colour.slice(at, at + 2), 16))
    }
    map.A.push(hidden.has(organ.name) ? 0 : 255)
    map.I.push(organ.value)
    map.labels.push("") // else a legend covers the CT
  }
  viewer.volumes[1].setColormapLabel(map)
  viewer.updateGLVolume()
}

function showWindow() {
  const ct = viewer.volumes[0]
  if (ct) [ct.cal_min, ct.cal_max] = WINDOWS[element("window").value]
  viewer.updateGLVolume()
}

// The place of the crosshair in mm, and the values there.
function showLocation(place) {
  const sides = [["R", "L"], ["A", "P"], ["S", "I"]].map((names, axis) => {
    const mm = axis === 0 ? -place.mm[0] : place.mm[axis]
    return `${names[mm >= 0 ? 0 : 1]} ${Math.abs(mm).toFixed(0)}`
  })
  const [ct, mask] = place.values
  const organ = run.cases[position]?.organs.find((one) => one.value === mask?.value)
  element("location").textContent = `${sides.join(", ")} mm: ${Math.round(ct?.value)} HU${organ ? `, ${organ.name}` : ""}`
}

// The crosshair goes to the middle of the first organ that is there.
function centreOn(place) {
  if (place) viewer.scene.crosshairPos = viewer.mm2frac(place)
  viewer.createOnLocationChange()
  viewer.drawScene()
}

start().catch((error) => say(`The viewer did not start: ${error.message}. It needs a browser with WebGL 2.`))
