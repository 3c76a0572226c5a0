// Answers simulations, a JSON line each, until stdin closes.
import { createInterface } from 'node:readline'
import { runSimulation, runUnsafeSimulation } from '@cloud-copilot/iam-simulate'

// Its data has version 1's resources of API Gateway only, and refuses what is asked of others: their names
// are then not checked. Nor would be a session policy.
const isApi = (simulation, response) =>
  response.resultType === 'error' && response.errors.message === 'no.resource.types' &&
  /^arn:aws:apigateway:[a-z0-9-]+::\/(apis|tags)(\/|$)/.test(simulation.request.resource.resource) &&
  simulation.sessionPolicy === undefined

for await (const line of createInterface({ input: process.stdin })) {
  let answer
  try {
    const simulation = JSON.parse(line)
    const response = await runSimulation(simulation, {})
    const analyses = response.resultType === 'single' ? [response.result.analysis]
      : response.resultType === 'wildcard' && simulation.request.resource.resource === '*'
        ? response.results.map((result) => result.analysis) : []
    answer = isApi(simulation, response)
      ? { result: runUnsafeSimulation(simulation, {}) }
      : response.resultType === 'error'
      ? { error: JSON.stringify(response.errors) }
      : {
          result: analyses.length === 1 ? response.overallResult : 'ImplicitlyDenied',
          identity: analyses[0]?.identityAnalysis?.result ?? null,
          session: analyses[0]?.sessionAnalysis?.result ?? null,
          boundary: analyses[0]?.permissionBoundaryAnalysis?.result ?? null,
          resource: analyses[0]?.resourceAnalysis?.result ?? null,
        }
  } catch (error) {
    answer = { error: String(error) }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
}
