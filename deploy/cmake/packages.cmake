# Debian packages: `cpack -G DEB` in the build dir, or deploy/make-packages, which also checks them.

set(units ${PROJECT_SOURCE_DIR}/deploy/systemd)
foreach(role IN ITEMS server worker)
  install(TARGETS basin-${role} RUNTIME DESTINATION bin COMPONENT ${role})
  install(FILES ${units}/basin-${role}.service DESTINATION lib/systemd/system COMPONENT ${role})
  install(FILES ${units}/basin-${role}.sysusers DESTINATION lib/sysusers.d RENAME basin-${role}.conf COMPONENT ${role})
  install(FILES ${units}/${role}.env DESTINATION /etc/basin COMPONENT ${role} PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
endforeach()
install(FILES deploy/observe/alerts.yaml deploy/observe/grafana-dashboard.json DESTINATION share/basin COMPONENT server)
install(PROGRAMS deploy/fetch-dataset DESTINATION lib/basin COMPONENT worker)

install(TARGETS basin RUNTIME DESTINATION bin COMPONENT client)
install(DIRECTORY deploy/examples/ DESTINATION share/doc/basin-client/examples COMPONENT client)
# The client writes its own completions.
install(CODE [[
  foreach(shell_and_file IN ITEMS "bash;bash-completion/completions/basin" "zsh;zsh/vendor-completions/_basin"
                                  "fish;fish/vendor_completions.d/basin.fish")
    list(GET shell_and_file 0 shell)
    list(GET shell_and_file 1 file)
    set(path "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/share/${file}")
    get_filename_component(folder "${path}" DIRECTORY)
    file(MAKE_DIRECTORY "${folder}")
    execute_process(COMMAND "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/bin/basin" completion ${shell}
                    OUTPUT_FILE "${path}" COMMAND_ERROR_IS_FATAL ANY)
    file(CHMOD "${path}" PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
  endforeach()
]] COMPONENT client)

foreach(role IN ITEMS server worker client)
  install(FILES deploy/debian/copyright DESTINATION share/doc/basin-${role} COMPONENT ${role})
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME basin)
set(CPACK_PACKAGE_VENDOR basin)
set(CPACK_PACKAGE_CONTACT "basin maintainers <basin@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL server worker client)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
    WORLD_EXECUTE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)

set(CPACK_COMPONENT_SERVER_DESCRIPTION "coordinator of hyperparameter sweeps
Turns sweeps into trials and leases them to workers; keeps every result in
one SQLite file.")
set(CPACK_COMPONENT_WORKER_DESCRIPTION "worker of hyperparameter sweeps
Trains neural networks for a basin coordinator, with multithreaded C++.
Needs a processor with AVX2 and FMA.")
set(CPACK_COMPONENT_CLIENT_DESCRIPTION "client of hyperparameter sweeps
Submits sweeps to a basin coordinator, watches them, and ranks their
results with confidence intervals.")
foreach(role IN ITEMS SERVER WORKER CLIENT)
  string(TOLOWER ${role} lower)
  set(CPACK_DEBIAN_${role}_PACKAGE_NAME basin-${lower})
endforeach()
foreach(role IN ITEMS SERVER WORKER)
  string(TOLOWER ${role} lower)
  set(CPACK_DEBIAN_${role}_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers")
  set(scripts ${PROJECT_BINARY_DIR}/debian/${lower})
  foreach(script IN ITEMS postinst prerm postrm)
    set(BASIN_UNIT basin-${lower})
    configure_file(${PROJECT_SOURCE_DIR}/deploy/debian/${script}.in ${scripts}/${script} @ONLY
                   FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
  endforeach()
  file(WRITE ${scripts}/conffiles "/etc/basin/${lower}.env\n")
  set(CPACK_DEBIAN_${role}_PACKAGE_CONTROL_EXTRA
      "${scripts}/postinst;${scripts}/prerm;${scripts}/postrm;${scripts}/conffiles")
endforeach()
# `basin run` and `basin up` start the two programs.
set(CPACK_DEBIAN_CLIENT_PACKAGE_SUGGESTS "basin-server, basin-worker, bash-completion")
include(CPack)
