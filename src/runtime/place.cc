#include "runtime/place.h"

#include "runtime/csv_settings.h"

namespace nvbox::runtime {

Result<machine::Place> open_place(const InjectOptions& options) {
  const config::Config& config = options.config;
  machine::Directories directories = options.directories;
  directories.driver = config.cli.root;
  directories.driver_setting = "nvidia-container-cli.root";
  machine::Place place =
      NVBOX_TRY(machine::Place::open(directories, options.environment, config.cli.nvml_timeout));
  place.search.ld_cache = config.cli.ldcache;
  place.search.kind = kind_of_mode(options.mode);
  place.search.csv = csv_search(config);
  driver::add_explicit_libraries(config.runtime.jit_feature_flags, place.search);
  return place;
}

machine::MissingNodes missing_nodes(const config::Config& config) {
  return {.capabilities = true, .imex_channels = !config.features.disable_imex_channel_creation};
}

Result<machine::Survey> survey_for(const machine::Place& place, const plan::Request& request,
                                   const driver::Need& need, const InjectOptions& options,
                                   const Log& log) {
  machine::Survey survey =
      NVBOX_TRY(machine::survey(place, request, need, missing_nodes(options.config), log));
  for (const driver::Problem& note : survey.selection.notes) log.warning(note.text);
  NVBOX_TRY(machine::find_mig_rights(place, request, survey.selection, survey.inventory));
  return survey;
}

}  // namespace nvbox::runtime
