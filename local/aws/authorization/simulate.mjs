// Answers simulations, a JSON line each, until stdin closes.
import { createInterface } from 'node:readline'
import { runSimulation } from '@cloud-copilot/iam-simulate'

for await (const line of createInterface({ input: process.stdin })) {
  let answer
  try {
    const simulation = JSON.parse(line)
    const response = await runSimulation(simulation, {})
    const analyses = response.resultType === 'single' ? [response.result.analysis]
      : response.resultType === 'wildcard' && simulation.request.resource.resource === '*'
        ? response.results.map((result) => result.analysis) : []
    answer = response.resultType === 'error'
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
