/** The metrics as a text, made anew for each request. */
export interface MetricsPage {
  readonly contentType: string;
  text(): Promise<string>;
}
